"""What happens to pull requests, written against `Repository`.

`mergeability` computes the state of one, `merge` merges it, `merge_queue` and `auto_merge` merge it later, and
`lifecycle` updates all of them after branches have moved.
"""
