"""The words of the house: English in the code, other languages in locale/, and a sentence for each word of the device."""
