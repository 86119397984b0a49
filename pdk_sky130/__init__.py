"""The SKY130 process: layers, rules, devices, models, and how to find or assemble the PDK."""
