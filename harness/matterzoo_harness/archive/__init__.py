"""Archives: a model and all that it is made of in one folder or tar; checked, restored, proved by golden vectors."""
