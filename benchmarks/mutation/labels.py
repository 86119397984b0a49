"""Faults in the labels of pins."""

from __future__ import annotations

import klayout.db as kdb
from mirrorneuron.pdk_sky130.layers import PIN_LAYERS, Layer

from mutation.fault import Mutant, at, kind, pin_texts


def _rewrite(m: Mutant, layer: Layer, change: dict[str, kdb.Text | None]) -> None:
    shapes = m.shapes(layer)
    texts = [shape.text.dup() for shape in shapes.each(kdb.Shapes.STexts)]
    for shape in list(shapes.each(kdb.Shapes.STexts)):
        shapes.erase(shape)
    for text in texts:
        new = change.get(str(text), text)
        if new is not None:
            shapes.insert(new)


@kind("label swapped")
def swapped(m: Mutant) -> str:
    """Two pins' texts."""
    texts = pin_texts(m)
    first = m.choice(list(texts))
    second = m.choice([name for name in texts if name != first])
    for name, new in ((first, second), (second, first)):
        for layer, text in texts[name]:
            _rewrite(m, layer, {str(text): kdb.Text(f"_{new}", text.trans)})
    for layers in PIN_LAYERS.values():
        for pair in (layers.pin, layers.label):
            shapes = m.shapes(pair)
            for shape in list(shapes.each(kdb.Shapes.STexts)):
                if shape.text_string.startswith("_"):
                    shape.text = kdb.Text(shape.text_string[1:], shape.text_trans)
    return f"labels {first} and {second} swapped"


@kind("label moved")
def moved(m: Mutant) -> str:
    """One pin's texts, by 5 nm to 5 um, or to where another pin's are."""
    texts = pin_texts(m)
    name = m.choice(list(texts))
    far = m.choice((True, False))
    start = texts[name][0][1].trans.disp
    if far:
        goal = m.choice([other for other in texts if other != name])
        by = texts[goal][0][1].trans.disp - start
        move = f"to the place of {goal}"
    else:
        step = m.choice((5, 50, 100, 500, 1000, 5000))
        by = m.choice((kdb.Vector(step, 0), kdb.Vector(-step, 0), kdb.Vector(0, step), kdb.Vector(0, -step)))
        move = f"by ({by.x}, {by.y}) nm"
    for layer, text in texts[name]:
        _rewrite(m, layer, {str(text): text.moved(by)})
    return f"label {name} at {at(kdb.Point() + start)} um moved {move}"


@kind("label deleted")
def deleted(m: Mutant) -> str:
    """One pin's texts, or only that on one purpose."""
    texts = pin_texts(m)
    name = m.choice(list(texts))
    purposes = m.choice(("both purposes", "both purposes", "the pin purpose", "the label purpose"))
    for layer, text in texts[name]:
        purpose = "pin" if layer in {layers.pin for layers in PIN_LAYERS.values()} else "label"
        if purposes in ("both purposes", f"the {purpose} purpose"):
            _rewrite(m, layer, {str(text): None})
    return f"label {name} deleted on {purposes}"
