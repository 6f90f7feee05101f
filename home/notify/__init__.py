"""Messages to the owner's phone without Home Assistant: choice decides what is told (pure), sender sends it, courier carries one."""
