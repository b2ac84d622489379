"""Test hosts that behave like CentOS 8 instances, with the distribution they are converted to beside them."""
