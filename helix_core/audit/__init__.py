"""The audit log: who started, changed, halted, resumed and decided what, in a file in which nothing can be undone.

`chain` is the form of its lines, `tape` the file, `log` the two together; `auditor` writes what happens into it.
"""
