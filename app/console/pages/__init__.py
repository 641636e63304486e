"""What people look at: one module for each page, drawn by Dash."""
