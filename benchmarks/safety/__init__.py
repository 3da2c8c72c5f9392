"""What comes from outside is checked, and what is written is made safe: files, names, run folders, tables, faults."""
