"""Models behind a server of OpenAI's protocol: started, asked under a load, and timed token by token."""
