"""The web server of the service: uvicorn, which ends the live streams, then waits for what is still being answered, and not for ever."""
import uvicorn

# Who has not sent all of his request by then, or takes no answer, does not keep the service from its end.
PATIENCE_S = 5


class Server(uvicorn.Server):
    """config.app: of home.api.app."""

    def __init__(self, config):
        super().__init__(config)
        config.timeout_graceful_shutdown = PATIENCE_S

    async def shutdown(self, sockets=None):
        self.config.app.state.live.close()
        await super().shutdown(sockets)
