"""What a customer is handed: each paper once, as values, from which the print page and the PDF are made."""
