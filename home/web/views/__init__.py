"""From rows of the store to what a page shows. Each module has `gather(look)`, which asks the store, and pure functions that it hands the rows to."""
