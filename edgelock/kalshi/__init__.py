"""The client side of the venue's protocol: what is signed, said and heard, and the two bodies that do it.

`signing`, the `wire_*` files and `feed` are sans-I/O; `rest` speaks HTTP, `socket` speaks WebSocket. Only this room
knows the venue's field names, its NO prices and its host names.
"""
