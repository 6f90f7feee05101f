"""The web server of the service: uvicorn, which ends the live streams before it waits for what is still being answered."""
import uvicorn


class Server(uvicorn.Server):
    """config.app: of home.api.app."""

    async def shutdown(self, sockets=None):
        self.config.app.state.live.close()
        await super().shutdown(sockets)
