"""Reads text files from any editor: Notepad and PowerShell write a byte-order mark, and some of them UTF-16."""
import codecs

_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def read(path):
    """Its text, without a mark and with plain ends of lines. ValueError, which names it, if it is none."""
    data = path.read_bytes()
    encoding = next((encoding for mark, encoding in _MARKS if data.startswith(mark)), "utf-8")
    try:
        return data.decode(encoding).replace("\r\n", "\n")
    except UnicodeDecodeError as problem:
        raise ValueError(f"{path} is no text in UTF-8 or UTF-16 ({problem.reason}): save it as UTF-8") from None
