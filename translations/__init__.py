"""Catalogues of the pages, and the programs that check and compile them."""
