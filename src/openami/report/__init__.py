"""Reports: a document is described once, and rendered to the terminal, to PDF, to JSON and to XLSX.

    paper = Document("Accuracy", (Paragraph("..."), Table("points", "Points", head, rows), Verdict("class 1", ...)))
    terminal.show(paper, console)
    data = pdf.render(paper)

Renderers take a document and give text, octets or plain values: none of them reads a clock or writes a file.
"""
