"""KLayout LVS deck for SKY130, shipped as package data."""
