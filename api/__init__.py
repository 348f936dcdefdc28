"""What people and programs touch: the HTTP API, its pages and the console command."""
