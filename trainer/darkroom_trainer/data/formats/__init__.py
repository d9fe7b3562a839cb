"""Labels in other forms than COCO's, parsed into the tables that COCO's reader gives: YOLO, Pascal VOC, folders.

Must not do I/O.
"""
