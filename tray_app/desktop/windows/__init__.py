"""What Windows needs beside pystray's own icon."""
