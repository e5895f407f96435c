"""Why a document cannot be read."""


class NotADocumentError(Exception):
    """The OS's reader stops here: the rule's code, offset in the text, what is wrong and what to do."""

    def __init__(self, code: str, offset: int, what: str, todo: str) -> None:
        """Keep the four parts of the finding."""
        super().__init__(what)
        self.code, self.offset, self.what, self.todo = code, offset, what, todo
