"""Events in, rows out: pure functions, with the SQL that stores the rows in the files beside them."""
