"""The Things Stack's Storage Integration over HTTP, for one application: it keeps uplinks for a day, and gives them to the holder of the key.

Written from its documentation: integrations/storage (retention, writes in batches), api/reference/grpc/storage_integration (fields of the
request), whats-new/3.26.0 (X-Continuation-Token) and enterprise/management/rate-limiting (429 and its headers). What these do not say,
as the words of an error, is the stack's error form with words of our own.
"""

import base64
import json
import re
import threading
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

HOST = '127.0.0.1'
RETENTION_S = 86400         # of the Sandbox
_PATH = re.compile(r'/api/v3/as/applications/([^/]+)(?:/devices/([^/]+))?/packages/storage/([^/]*)')
_FIELDS = ('limit', 'after', 'before', 'f_port', 'order', 'field_mask', 'last')
_UNITS_S = {'h': 3600, 'm': 60, 's': 1}
_MINUTE_S = 60


class _Error(Exception):
    """An answer that is none; args: HTTP status, gRPC code, message."""


class StorageIntegration:
    """start() to stop(). keep() takes what the application server publishes on up.

    clock(): UTC seconds. batch_s: the delay until a message can be had. per_minute: how many requests are answered, None: all.
    key None: any is right. readers: keys with the right to read, beside key.
    """

    def __init__(self, application, clock, key=None, retention_s=RETENTION_S, batch_s=0, per_minute=None, port=0):
        self.requests = 0
        self.fault = None           # (status, message) of each answer, while it is out of order
        self.readers = {key}
        self.known = {key}
        self._application = application
        self._clock = clock
        self._retention_s = retention_s
        self._batch_s = batch_s
        self._per_minute = per_minute
        self._asked = []
        self._kept = []             # (id, received s, message)
        self._last_id = 0
        self._lock = threading.Lock()
        self._server = _Server((HOST, port), _handler(self))
        self.url = 'http://%s:%d' % (HOST, self._server.server_address[1])

    def start(self):
        threading.Thread(target=self._server.serve_forever, args=(0.05,), name='storage-integration', daemon=True).start()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()

    def keep(self, message):
        """A message of the stack; of all kinds it keeps uplinks alone, as the Cloud does."""
        if 'uplink_message' not in message:
            return
        with self._lock:
            self._last_id += 1
            forgotten_s = self._clock() - self._retention_s
            while self._kept and self._kept[0][1] < forgotten_s:
                del self._kept[0]
            self._kept.append((self._last_id, _utc_s(message['received_at']), message))

    # --- one request, in its thread

    def answer(self, path, headers):
        """(status, headers, lines) for a GET."""
        with self._lock:
            try:
                limits = self._limited()
                parts = urlsplit(path)
                given = {name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
                token, found = self._found(parts.path, given, headers)
            except _Error as error:
                status, code, words = error.args
                return status, self._limits(status), [{'code': code, 'message': words, 'details': []}]
        return 200, dict(limits, **({'X-Continuation-Token': token} if token else {})), [{'result': message} for message in found]

    def _limits(self, status=200):
        if self._per_minute is None:
            return {}
        left = max(self._per_minute - len(self._asked), 0)
        wait = int(_MINUTE_S - (self._clock() - self._asked[0])) + 1 if self._asked else 0
        headers = {'X-Rate-Limit-Limit': self._per_minute, 'X-Rate-Limit-Available': left, 'X-Rate-Limit-Reset': wait}
        return dict(headers, **({'X-Rate-Limit-Retry': wait} if status == 429 else {}))

    def _limited(self):
        self.requests += 1
        if self.fault:
            raise _Error(self.fault[0], 14, self.fault[1])
        now_s = self._clock()
        self._asked = [asked_s for asked_s in self._asked if now_s - asked_s < _MINUTE_S]
        if self._per_minute is not None and len(self._asked) >= self._per_minute:
            raise _Error(429, 8, 'error:pkg/ratelimit:rate_limit_exceeded (rate limit of application exceeded)')
        self._asked.append(now_s)
        return self._limits()

    def _found(self, path, given, headers):
        matched = _PATH.fullmatch(path)
        if not matched:
            raise _Error(404, 5, 'Not Found')
        self._check_key(headers.get('Authorization', ''))
        application, device, kind = matched.groups()
        if application != self._application:
            raise _Error(404, 5, 'error:pkg/identityserver:application_not_found (application `%s` not found)' % application)
        if kind not in ('', 'uplink_message'):
            return None, []
        after_id, query = 0, {name: given[name] for name in _FIELDS if name in given}
        if given.get('continuation_token'):
            after_id, query = self._of_token(given['continuation_token'])
        entries = self._chosen(query, device, after_id)
        limit = self._number(query, 'limit')
        entries = entries[:limit] if limit else entries
        token = base64.b64encode(json.dumps([entries[-1][0], query]).encode()).decode() if entries else None
        return token, [_masked(message, query.get('field_mask')) for _id, _received, message in entries]

    def _check_key(self, header):
        if None in self.known:
            return
        word, _, key = header.partition(' ')
        if word != 'Bearer' or key not in self.known:
            raise _Error(401, 16, 'error:pkg/auth/rights:no_auth (no valid authentication)')
        if key not in self.readers:
            raise _Error(403, 7, 'error:pkg/auth/rights:insufficient_application_rights (insufficient rights for application)')

    def _chosen(self, query, device, after_id):
        now_s = self._clock()
        since, until = now_s - self._retention_s, now_s - self._batch_s
        if 'last' in query:
            if 'after' in query or 'before' in query:
                raise _Error(400, 3, 'last cannot be used in conjunction with after and before')
            since = max(since, now_s - _duration_s(query['last']))
        for name, choose in (('after', max), ('before', min)):
            if name in query:
                moment = _utc_s(query[name])
                if moment is None:
                    raise _Error(400, 3, 'invalid value for %s' % name)
                since, until = (choose(since, moment), until) if name == 'after' else (since, choose(until, moment))
        if query.get('order', '') not in ('', 'received_at', '-received_at'):
            raise _Error(400, 3, 'invalid value for order')
        f_port = self._number(query, 'f_port')
        backwards = query.get('order') == '-received_at'
        chosen = [entry for entry in self._kept if since < entry[1] <= until and (not device or entry[2]['end_device_ids']['device_id'] == device)
                  and (not f_port or entry[2]['uplink_message'].get('f_port', 0) == f_port)]
        chosen.sort(key=lambda entry: (entry[1], entry[0]), reverse=backwards)
        if after_id:
            ids = [entry[0] for entry in chosen]
            return chosen[ids.index(after_id) + 1:] if after_id in ids else []
        return chosen

    def _of_token(self, token):
        try:
            last_id, query = json.loads(base64.b64decode(token))
            return last_id, query
        except ValueError:
            raise _Error(400, 3, 'invalid continuation token') from None

    @staticmethod
    def _number(query, name):
        if query.get(name, '0').isdigit():
            return int(query.get(name, '0'))
        raise _Error(400, 3, 'invalid value for %s' % name)


def _masked(message, mask):
    """The message with the fields of that mask alone; ids and time are always there."""
    if not mask:
        return message
    kept = {name: message[name] for name in ('end_device_ids', 'received_at')}
    uplink = message['uplink_message']
    names = [path.removeprefix('up.uplink_message').lstrip('.').split('.')[0] for path in mask.split(',') if path.startswith('up')]
    kept['uplink_message'] = uplink if '' in names else {name: uplink[name] for name in names if name in uplink}
    return kept


def _duration_s(text):
    found = re.fullmatch(r'(\d+)(h|m|s)', text)
    if not found:
        raise _Error(400, 3, 'invalid value for last')
    return int(found[1]) * _UNITS_S[found[2]]


def _utc_s(text):
    """RFC 3339 as UTC seconds, or None."""
    found = re.fullmatch(r'(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(?:Z|\+00:00)', text)
    if not found:
        return None
    return datetime.fromisoformat(found[1]).replace(tzinfo=timezone.utc).timestamp() + float(found[2] or 0)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """Who asked went away before the answer: that is the client's business."""


def _handler(storage):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            status, headers, lines = storage.answer(self.path, self.headers)
            body = b''.join(json.dumps(line).encode() + b'\n\n' for line in lines)
            self.send_response(status)
            self.send_header('Content-Type', 'text/event-stream' if status == 200 else 'application/json')
            self.send_header('Content-Length', str(len(body)))
            for name, value in headers.items():
                self.send_header(name, str(value))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *words):
            """Nobody reads it."""

    return Handler
