"""Git itself: the command on one bare repository, its CGI program for HTTP, and the packet lines of a push."""
