"""The verbs of `chartsift`, grouped. What a verb needs is imported inside it, so that
`chartsift --help` is quick."""
