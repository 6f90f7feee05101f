"""The place in the source where an exception was raised, on every interpreter."""

import sys

_TAIL = 400        # characters of a trace that are looked at: its last line names the place
_MARK = '", line '
_IN = ', in '


def place(error):
    """(file name without folder and ending, line) of the statement that raised; ('', 0) where nobody knows.

    A build without line numbers, to which every line is the first, gives the function: the codes of its name's first two letters, as in
    0x6142 for aB; its table of names says which one that is (tools/board/shrink).
    """
    if hasattr(sys, 'print_exception'):
        return read_place(_printed(error)[-_TAIL:])
    trace = error.__traceback__
    if trace is None:
        return '', 0
    while trace.tb_next is not None:
        trace = trace.tb_next
    return _stem(trace.tb_frame.f_code.co_filename), trace.tb_lineno


def _printed(error):
    """MicroPython's trace, which is as long as the calls are deep."""
    import uio
    text = uio.StringIO()
    sys.print_exception(error, text)
    return text.getvalue()  # pyright: ignore[reportAttributeAccessIssue] - the stubs' StringIO has none


def read_place(text):
    """The last '  File "app/control/controller.py", line 12, in step' of a trace."""
    at = text.rfind(_MARK)
    begin = text.rfind('"', 0, at) if at > 0 else -1
    if begin < 0:
        return '', 0
    line = 0
    rest = text[at + len(_MARK):]
    for char in rest:
        if not '0' <= char <= '9':
            break
        line = 10 * line + ord(char) - 48
    words = rest[rest.find(_IN) + len(_IN):].split() if line <= 1 and _IN in rest else ()
    if words:
        line = _letters(words[0])
    return _stem(text[begin + 1:at]), line


def _letters(name):
    """A function's name as a number that no line has."""
    return ord(name[0]) << 8 | ord(name[1]) if len(name) > 1 else ord(name) << 8


def _stem(path):
    """'src/app/control/controller.py' as 'controller'."""
    name = path[path.rfind('/') + 1:]
    return name[:name.rfind('.')] if '.' in name else name
