"""What we add to the Standard. Each extension enters by the door of `dicomweb.extension`."""
