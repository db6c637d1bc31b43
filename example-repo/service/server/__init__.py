"""What lies between the network and the routes: connections, bodies, tokens and hosts, responses."""
