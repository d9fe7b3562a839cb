"""Label Studio, as the tests of labelling use it. Must not know what they test."""
