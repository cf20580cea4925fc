// Empty: a package with assembly may declare functions that have their body elsewhere.
