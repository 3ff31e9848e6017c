"""What runs the service rather than being it: the templates, the deployer, the local stack."""
