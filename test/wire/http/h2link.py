"""One HTTP/2 connection: streams are begun, events are gathered, windows are opened only when asked."""
import json
import time

import h2.config
import h2.connection
import h2.events
import h2.settings

from link import Answer, Link, SECONDS
from sign import signed


class Stream:
    def __init__(self):
        self.status, self.body, self.over, self.reset = None, b"", False, None


class H2:
    def __init__(self, url, context=None, window=None):
        self.link = Link(url, context)
        self.streams, self.pongs, self.goaway, self.peer = {}, set(), None, {}
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
        self.h2.initiate_connection()
        if window is not None:
            self.h2.update_settings({h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: window})
        self.h2.increment_flow_control_window(1 << 30)
        self.manual = window is not None
        self.flush()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.link.socket.close()

    def flush(self):
        self.link.send(self.h2.data_to_send())

    def begin(self, operation, value=None, body=None, more=None):
        body = json.dumps(value or {}).encode() if body is None else body
        headers = signed(operation, body, self.link.host, more)
        host = headers.pop("host")
        number = self.h2.get_next_available_stream_id()
        self.streams[number] = Stream()
        self.h2.send_headers(number, [(":method", "POST"), (":scheme", "http"), (":path", "/"), (":authority", host),
                                      ("host", host)] + list(headers.items()))
        self.send(number, body)
        return number

    def send(self, number, body):
        """All of it and the end, unless an answer and a reset come first."""
        stream, at = self.streams[number], 0
        while at < len(body) and stream.reset is None:
            room = min(self.h2.local_flow_control_window(number), self.h2.max_outbound_frame_size, len(body) - at)
            if room == 0:
                self.flush()
                self.step()
                continue
            self.h2.send_data(number, body[at:at + room])
            at += room
        if stream.reset is None:
            self.h2.end_stream(number)
        self.flush()

    def step(self, seconds=SECONDS):
        self.link.socket.settimeout(seconds)
        data = self.link.socket.recv(65536)
        if not data:
            raise ConnectionError("closed, after GOAWAY %r" % self.goaway)
        for event in self.h2.receive_data(data):
            self.take(event)
        self.flush()

    def take(self, event):
        stream = self.streams.get(getattr(event, "stream_id", None))
        if isinstance(event, h2.events.ResponseReceived):
            stream.status = int(dict(event.headers)[":status"])
        elif isinstance(event, h2.events.DataReceived):
            stream.body += event.data
            if not self.manual and event.flow_controlled_length and event.stream_ended is None:
                self.h2.increment_flow_control_window(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.StreamEnded):
            stream.over = True
        elif isinstance(event, h2.events.StreamReset):
            stream.over, stream.reset = True, event.error_code
        elif isinstance(event, h2.events.PingAckReceived):
            self.pongs.add(event.ping_data)
        elif isinstance(event, h2.events.ConnectionTerminated):
            self.goaway = event.error_code
        elif isinstance(event, h2.events.RemoteSettingsChanged):
            self.peer.update({int(code): change.new_value for code, change in event.changed_settings.items()})

    def until(self, true, seconds=SECONDS):
        """Reads on until true() or the time is over; says which."""
        end = time.monotonic() + seconds
        while not true():
            left = end - time.monotonic()
            if left <= 0:
                return False
            try:
                self.step(left)
            except TimeoutError:
                return true()
        return True

    def end(self, number):
        stream = self.streams[number]
        self.until(lambda: stream.over)
        return Answer(stream.status, {}, stream.body)

    def call(self, operation, value=None, **how):
        return self.end(self.begin(operation, value, **how))

    def ping(self, text):
        self.h2.ping(text)
        self.flush()
        return self.until(lambda: text in self.pongs, 2)
