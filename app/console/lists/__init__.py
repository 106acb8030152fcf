"""Lists of pages: filters, order and page as addresses have them, and what every list shows around its rows."""
