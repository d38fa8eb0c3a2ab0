"""`openami features --mutate`: whether the tests of stated functions fail when the function is taken away."""
