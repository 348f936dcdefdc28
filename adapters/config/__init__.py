"""What an installation is configured with: tenants, API keys, and connections to providers."""
