"""Who may look and who may switch: passwords, cookies, tokens, origins, and the headers of every answer."""
