"""The pages of the service: drawn here from templates, live by server-sent events. docs/adr/0019."""
