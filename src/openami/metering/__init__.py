"""The laws of a meter, on arrays of N meters: exact integers, no input or output, time as an argument."""
