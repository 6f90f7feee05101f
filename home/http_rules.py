"""What each HTTP request of the service keeps to: no redirect carries a key to somebody else, and Retry-After in each of its forms."""
import email.utils
import urllib.request


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A key is not carried to where somebody else points."""

    def redirect_request(self, *_args):
        return None


OPENER = urllib.request.build_opener(_NoRedirects)


def retry_after_s(text, now_s, most_s):
    """Of a Retry-After: seconds, or a date; None where there is none."""
    if text is None:
        return None
    try:
        wait_s = float(text)
    except ValueError:
        try:
            wait_s = email.utils.parsedate_to_datetime(text).timestamp() - now_s
        except (ValueError, TypeError):
            return None
    return min(max(wait_s, 1), most_s) if wait_s == wait_s else None
