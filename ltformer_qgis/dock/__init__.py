"""The dock 'LTFormer matches': look at tie points, mend them, see fit and verdict change at once."""
