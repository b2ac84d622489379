"""A local stand-in for the Alibaba Cloud ECS and SMC APIs, for tests and the demo."""
