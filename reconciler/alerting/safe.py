"""Text from files and servers, made harmless for a message that some other program will show.

Chat systems, pagers and mail readers each have their own markup, and a library in between looks for mentions in bodies
by itself: what a code span protects in one of them is live in the next. So nothing is left that any of them would act
on: no line break, no `<!channel>`, no `@everyone`, no tag, no backtick, no link with another address behind it. What
stands in the place of such a character looks like it. A bare host name stays what it is: it is part of the news.
"""

from __future__ import annotations

from typing import Final

from reconciler.render.escape import escape

_LOOKALIKES: Final = str.maketrans({"`": "'", "<": "‹", ">": "›", "@": "＠"})  # noqa: RUF001  # on purpose


def harmless(text: str) -> str:
    """The text in one line that mentions nobody, links nowhere and ends no code span."""
    shown = escape(text).translate(_LOOKALIKES)
    return shown.replace("://", ":∕∕").replace("](", "] (")  # noqa: RUF001  # on purpose
