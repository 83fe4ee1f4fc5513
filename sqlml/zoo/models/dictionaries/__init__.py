"""What each library's models accept, as data: no library is loaded to check a program."""
