"""Finds people's joints in pictures, with one network or another; knows nothing about tools."""
