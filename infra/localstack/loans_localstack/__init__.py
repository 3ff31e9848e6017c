"""Plugins of LocalStack: Lambda functions as processes of this machine, and files kept apart."""
