"""An HTML parser that forgives nothing, for tests of pages."""

import re
from html.parser import HTMLParser

VOID = {"meta", "br", "link", "img", "hr", "input"}


class StrictPage(HTMLParser):
    """Every element with its attributes and text; an error where tags do not balance or an id comes twice."""

    def __init__(self, page):
        super().__init__()
        self.elements, self.open, self.links, self.ids = [], [], [], set()
        self.feed(page)
        self.close()
        assert self.open == []
        self.elements = [(tag, attributes, "".join(parts)) for tag, attributes, parts in self.elements]

    def handle_starttag(self, tag, attributes):
        names = [name for name, _ in attributes]
        assert len(names) == len(set(names))
        element = [tag, dict(attributes), []]
        self.elements.append(element)
        if tag not in VOID:
            self.open.append(element)
        if "id" in element[1]:
            assert element[1]["id"] not in self.ids
            self.ids.add(element[1]["id"])
        self.links += [value for name, value in attributes if name in {"href", "src", "srcset", "data", "action"}]

    def handle_endtag(self, tag):
        assert self.open.pop()[0] == tag

    def handle_data(self, text):
        for element in self.open:
            element[2].append(text)

    def find(self, tag, **attributes):
        return [
            (found, re.sub(r"\s+", " ", text).strip())
            for name, found, text in self.elements
            if name == tag and all(found.get(k) == v for k, v in attributes.items())
        ]
