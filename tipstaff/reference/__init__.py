"""`docs/reference/`, written from the code: what the operations declare is what the pages say."""
