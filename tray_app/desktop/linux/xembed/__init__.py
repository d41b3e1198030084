"""An icon for panels that have only the old system tray: XEmbed, on python-xlib alone.

Rule of the room: `x11` is the door to python-xlib; `picture`, `paint` and `fonts` are to Pillow.
`geometry`, `menu_layout` and `menu_state` are pure. One thread owns the X connection (`icon`).
"""
