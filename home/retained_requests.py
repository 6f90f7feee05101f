"""Takes away a request that a broker keeps (published with the retain flag): it would be sent again at every start of the bridge or of the network.

A broker says that a message is kept only where somebody subscribes. So each request that is heard makes us subscribe once more, which brings the
kept one, if there is one, within a moment of its publication.
"""


class RetainedRequests:
    """client: paho's, which is connected and heard by hear(); topics: those of requests; say(topic) is told what was taken away."""

    def __init__(self, client, topics, say):
        self._client, self._topics, self._say = client, frozenset(topics), say

    def subscribe(self):
        """After each connection."""
        self._client.subscribe([(topic, 0) for topic in sorted(self._topics)])

    def hear(self, message):
        """Whether it was a request, and so nobody else's matter."""
        if message.topic not in self._topics:
            return False
        if message.retain and message.payload:
            self._client.publish(message.topic, b"", retain=True)
            self._say(message.topic)
        elif message.payload:
            self._client.subscribe(message.topic)
        return True
