"""Git itself: the command on one bare repository, the objects it prints, its CGI program for HTTP, and packet lines."""
