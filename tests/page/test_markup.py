"""Text becomes markup and stays the text that it was; words from right to left stand by themselves."""

import html.parser

from hypothesis import given
from hypothesis import strategies as st

from hagane.page.markup import element, joined

WORDS = st.text(st.sampled_from("ab 1=+(%)<&\"'אבםسعر٣_é京"), max_size=30)


def read(markup: str) -> tuple[str, list[str]]:
    """Its text, and the text of each `bdi`."""
    text, isolated, open_ = "", [], False

    class Reader(html.parser.HTMLParser):
        def handle_starttag(self, tag, attrs):
            nonlocal open_
            open_ = tag == "bdi"
            if open_:
                isolated.append("")

        def handle_endtag(self, tag):
            nonlocal open_
            open_ = False

        def handle_data(self, data):
            nonlocal text
            text += data
            if open_:
                isolated[-1] += data

    reader = Reader()
    reader.feed(markup)
    reader.close()
    return text, isolated


@given(WORDS)
def test_a_text_is_read_as_it_was_written(text):
    assert read(element("p", text))[0] == text
    assert read(joined(text, element("b", text)))[0] == text + text


@given(WORDS)
def test_nothing_from_right_to_left_stands_bare(text):
    bare = read(element("p", text))[0]
    for isolated in read(element("p", text))[1]:
        bare = bare.replace(isolated, "", 1)
    assert not set(bare) & set("אבםسعر")


def test_an_equation_keeps_its_order():
    assert read(element("li", "السعر2 = 1.8 × السعر + 32"))[1] == ["السعر2", "السعر"]
    assert read(element("td", "تل أبيب (25 %)"))[1] == ["تل أبيب"]
    assert element("title", "السعر") == "<title>السعر</title>"
